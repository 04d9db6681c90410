"""The methods of an evaluation: what is measured, known by what is needed to make it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from napari_fcfi.inference.released.tuned import tuned_window
from napari_fcfi.settings import Settings
from training.evaluation import networks
from training.evaluation.conditions import Conditions
from training.evaluation.courses import Method
from training.evaluation.errors import UserError
from training.evaluation.factories import factory_identity, factory_method, found_factory
from training.evaluation.networks import FirstClick
from training.evaluation.setting_texts import settings_from

CLASSICAL_FACTORIES = {
    "grabcut": "training.evaluation.classical:GrabCut",
    "random-walker": "training.evaluation.classical:RandomWalker",
}
"""Short names of factories."""

NETWORK = "fcfi"
"""``method`` in the results of a checkpoint."""


@dataclass(frozen=True)
class Contender:
    """A method in an evaluation.

    Attributes
    ----------
    name
        For tables: the checkpoint's, or the method's as it was asked for.
    identity
        What the results say about it, as JSON.
    settings, method
        Of the data set of a name; the settings are the network's alone.
    """

    name: str
    identity: Mapping[str, Any]
    settings: Callable[[str], Settings]
    method: Callable[[str], Method]


def network(
    checkpoint: str,
    device: str,
    first_click: FirstClick,
    pairs: list[str],
    conditions: Conditions,
) -> Contender:
    """A checkpoint; it is loaded at once, so that a wrong one is known at once.

    Parameters
    ----------
    checkpoint
        Name or path of a model.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` ...
    first_click
        Of the clean protocol.
    pairs
        Settings as ``key=value``.
    conditions
        Whether windows are tuned for data sets, and what is mended.

    Raises
    ------
    UserError
        When the checkpoint cannot be loaded, or a setting is not possible.
    """
    model = networks.loaded(checkpoint, device)
    architecture = model.network.architecture.name
    # r belongs to a network, in the authors' programs, too; where its card tells it, that counts
    trained = model.card.expansion_ratio
    usual = {} if trained is None else {"expansion_ratio": trained}
    identity = networks.identity_of(model, checkpoint, settings_from(pairs, usual), first_click)
    mended = in_prediction(conditions.mended)

    def settings(dataset: str) -> Settings:
        tuned = tuned_window(architecture, dataset) if conditions.rules.tunes_windows else None
        return settings_from(pairs, usual | ({} if tuned is None else tuned._asdict()))

    sha256 = model.sha256

    def method(dataset: str) -> Method:
        # loaded again, since there may be more models than memory; hours later it may be another
        answering = networks.loaded_as(checkpoint, device, sha256)
        return networks.network_method(answering, settings(dataset), first_click, mended)

    return Contender(model.name, {"method": NETWORK, **identity}, settings, method)


def by_factory(name: str, settings: Settings) -> Contender:
    """A classical method by its short name, or any method by its factory's.

    Raises
    ------
    UserError
        When there is no such factory.
    """
    if ":" not in name and name not in CLASSICAL_FACTORIES:
        raise UserError(
            f"Expected a method, {' or '.join(CLASSICAL_FACTORIES)}, or package.module:factory, "
            f"got {name!r}; write one of these."
        )
    factory = found_factory(CLASSICAL_FACTORIES.get(name, name))
    method = factory_method(name, factory)
    module = CLASSICAL_FACTORIES.get(name, name).partition(":")[0]
    identity: dict[str, Any] = {"method": name, **factory_identity(module, factory)}
    if name in CLASSICAL_FACTORIES:
        constants = {key.lower(): value for key, value in vars(factory).items() if key.isupper()}
        identity["start_values"] = constants
    return Contender(name, identity, lambda _: settings, lambda _: method)


def with_names_of_their_own(contenders: Sequence[Contender]) -> list[Contender]:
    """The contenders with names that tell them apart.

    Those named alike are called by their files, as the checkpoints of two runs, or by the settings
    in which they differ from the first of them.
    """
    found: list[Contender] = []
    for one in contenders:
        alike = [other for other in contenders if other.name == one.name]
        files = {other.identity.get("loaded_from") for other in alike}
        name = str(one.identity["loaded_from"]) if len(files) > 1 else one.name
        settings, usual = (c.identity.get("settings", {}) for c in (one, alike[0]))
        other = [f"{key}={settings[key]}" for key in settings if settings[key] != usual[key]]
        found.append(replace(one, name=", ".join([name, *other])))
    return found


def method_of(
    run: Mapping[str, Any], dataset: str | None = None, device: str | None = None
) -> Method:
    """The method of a run in ``results.json``, made again.

    Parameters
    ----------
    run
        One run as it was written.
    dataset
        A data set of the run, whose settings count; by default those of the whole run.
    device
        Where a network runs; by default where it ran.

    Raises
    ------
    UserError
        When it cannot be made, or the checkpoint is no longer the same file.
    """
    if run["method"] != NETWORK:
        return by_factory(run["method"], Settings()).method("")
    model = networks.loaded_as(run["loaded_from"], device or run["device"], run["sha256"])
    described = run if dataset is None else run["datasets"][dataset]
    settings = Settings(**described["settings"])
    whole = run["first_click"] == "whole-field"
    first_click: FirstClick = "whole-field" if whole else "search"
    return networks.network_method(model, settings, first_click, in_prediction(run["mended"]))


def in_prediction(mended: list[str] | tuple[str, ...]) -> list[str]:
    """Those of the mended differences which lie in the prediction."""
    return [name for name in mended if name in networks.IN_PREDICTION]
