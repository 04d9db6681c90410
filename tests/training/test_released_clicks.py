"""Simulated users of the released programs, beside what those drew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.released_clicks import (
    SLOTS,
    border_of,
    central,
    choose_objects,
    correct,
    count_shares,
    eroded,
    error_candidates,
    initial_clicks,
    newest_of,
)

DRAWS = 4000


@pytest.fixture(scope="module")
def reference(data_root: Path) -> dict[str, np.ndarray]:
    with np.load(data_root / "reference" / "click_simulation.npz", allow_pickle=False) as stored:
        return dict(stored)


def masks(reference: dict[str, np.ndarray], name: str) -> np.ndarray:
    width = int(reference["shape"][2])
    return np.unpackbits(reference[name], axis=-1)[..., :width].astype(bool)


@pytest.mark.parametrize(
    ("name", "region"),
    [
        ("positive_erode_always", eroded),
        ("border_mask", border_of),
        ("first_click_candidates_k17", central),
    ],
)
def test_regions_are_the_released_ones(reference, name, region) -> None:
    for mask, expected in zip(masks(reference, "masks"), masks(reference, name), strict=True):
        assert np.array_equal(region(mask), expected)


def test_corrections_lie_where_the_released_ones_do(reference) -> None:
    targets, candidates = masks(reference, "next_gt"), masks(reference, "next_candidates")
    for i, target in enumerate(targets):
        answer = reference["next_pred"][i].astype(np.float32)
        got, foreground = error_candidates(answer, target)
        assert np.array_equal(got, candidates[i])
        assert foreground == reference["next_is_positive"][i]


def test_a_correction_is_written_where_the_released_one_is(reference) -> None:
    targets = masks(reference, "next_gt")
    empty = np.full((2 * SLOTS, 3), -1, np.float32)
    for i, target in enumerate(targets):
        answer = reference["next_pred"][i].astype(np.float32)
        table, click = correct(np.random.default_rng(i), empty, answer, target, iteration=1)
        expected = reference["next_example_points"][i]
        used = table[:, 2] >= 0
        assert np.array_equal(used, expected[:, :2].max(axis=1) >= 0)
        if not used.any():  # nothing was wrong
            # the answers are stored in float16
            assert click == pytest.approx(reference["next_example_new"][i].tolist(), abs=1e-3)
            continue
        assert click[2] == reference["next_example_new"][i, 2]
        assert table[used].tolist() == [list(click)]
        assert masks(reference, "next_candidates")[i][int(click[0]), int(click[1])]


def test_numbers_of_clicks_follow_the_released_law(reference) -> None:
    np.testing.assert_allclose(count_shares(SLOTS), reference["pos_count_probs"], atol=1e-15)
    np.testing.assert_allclose(count_shares(SLOTS + 1), reference["neg_count_probs"], atol=1e-15)


@pytest.fixture(scope="module")
def draws(reference) -> list[tuple[list[int], np.ndarray]]:
    """As many users as the released sampler drew of the same picture with three objects."""
    labels = reference["sampler_label_map"]
    objects = [labels == value for value in (1, 2, 3)]
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(DRAWS):
        chosen = choose_objects(rng, 3)
        wanted = np.logical_or.reduce([objects[i] for i in chosen])
        others = (labels > 0) & ~wanted
        own = [objects[i] for i in chosen]
        drawn.append((chosen, initial_clicks(rng, own, others, ~wanted, central_first=True)))
    return drawn


def alike(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Whether two histograms may be of one law: chi-square of the bins with enough in them."""
    ours, theirs = ours.astype(float).ravel(), theirs.astype(float).ravel()
    enough = ours + theirs >= 20
    expected = theirs * (ours.sum() / theirs.sum())
    chi_square = ((ours - expected)[enough] ** 2 / (ours + theirs)[enough]).sum()
    return bool(chi_square < enough.sum() + 5 * np.sqrt(2 * enough.sum()))


@pytest.mark.slow
def test_users_want_the_objects_that_released_ones_do(reference, draws) -> None:
    hist = np.zeros(8)
    for chosen, _ in draws:
        hist[sum(1 << i for i in chosen)] += 1
    assert alike(hist, reference["sampler_selected_objects_bitmask_hist"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("half", "name"), [(slice(0, SLOTS), "sampler_pos"), (slice(SLOTS, None), "sampler_neg")]
)
def test_users_click_as_often_as_released_ones(reference, draws, half, name) -> None:
    counts = [int((table[half, 2] >= 0).sum()) for _, table in draws]
    assert alike(np.bincount(counts, minlength=25), reference[f"{name}_count_hist"])


@pytest.mark.parametrize(
    ("half", "name"),
    [
        (slice(0, SLOTS), "sampler_object2_pos_heat"),
        (slice(SLOTS, None), "sampler_object2_neg_heat"),
    ],
)
def test_users_click_where_released_ones_do(reference, draws, half, name) -> None:
    expected = reference[name]
    heat = np.zeros(expected.shape)
    for chosen, table in draws:
        if chosen == [1]:
            for y, x, _ in table[half][table[half, 2] >= 0]:
                heat[int(y), int(x)] += 1
    assert heat.sum() == pytest.approx(expected.sum(), rel=0.12)
    blocks = [a.reshape(10, 8, 15, 8).sum(axis=(1, 3)) for a in (heat, expected)]
    assert alike(*blocks)


def test_without_an_object_there_are_background_clicks_alone() -> None:
    outside = np.ones((20, 20), bool)
    nothing = np.zeros_like(outside)
    tables = [
        initial_clicks(np.random.default_rng(i), [], nothing, outside, central_first=True)
        for i in range(20)
    ]
    assert all((table[:SLOTS] == -1).all() for table in tables)
    assert any((table[SLOTS:] >= 0).any() for table in tables)
    assert newest_of(tables[0]) == (-1, -1, 1)


def test_the_first_click_need_not_be_central() -> None:
    disc = np.hypot(*(np.mgrid[:40, :40] - 20)) < 15
    firsts = [
        initial_clicks(np.random.default_rng(i), [disc], ~disc, ~disc, central_first=False)[0]
        for i in range(60)
    ]
    assert not all(central(eroded(disc))[int(y), int(x)] for y, x, _ in firsts)
    assert all(disc[int(y), int(x)] for y, x, _ in firsts)


def test_a_later_correction_overwrites_what_was_in_its_slot() -> None:
    full = np.ones((2 * SLOTS, 3), np.float32)
    target = np.zeros((9, 9), bool)
    target[2:7, 2:7] = True
    table, click = correct(
        np.random.default_rng(0), full, np.zeros((9, 9), np.float32), target, iteration=2
    )
    assert table[SLOTS - 2].tolist() == list(click)
    assert (np.delete(table, SLOTS - 2, axis=0) == 1).all()
    assert (full == 1).all()
