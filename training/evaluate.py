"""Runs the robot user against methods on data sets and writes one folder of results.

    python -m training.evaluate --checkpoint fcfi-lite --dataset grabcut berkeley --data-root DIR

Every object gets all its clicks unless its mask becomes perfect (its values are carried on then),
because IoU@N needs them. With ``--stop-at`` an object is left as soon as it reaches that IoU; NoC
and NoF up to that threshold are the same, IoU@N is not reported. An evaluation that was stopped
goes on with the same command; under ``torchrun`` or ``fabric run`` its processes share the objects.

With ``--settings protocol=released`` prediction, robot user and metrics are those of the authors'
programs, and each data set has the window that they tuned for it, unless the settings name one.
``--mend`` takes single differences of that protocol back, so that their cost can be measured; its
names and the differences are in docs/protocols.md, everything else is in docs/evaluation.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_fcfi import CheckpointError
from napari_fcfi.inference import InputError
from training import ablation
from training.data.evaluation_sets import DataError, EvaluationSet, evaluation_set
from training.data.validation import NAME as VALIDATION
from training.data.validation import validation_set
from training.evaluation.conditions import Conditions
from training.evaluation.courses import ClickBudget
from training.evaluation.errors import UserError
from training.evaluation.methods import (
    Contender,
    by_factory,
    network,
    with_names_of_their_own,
)
from training.evaluation.options import DEFAULT_CHECKPOINT, arguments
from training.evaluation.progress import Bars
from training.evaluation.results import described_run, write_results
from training.evaluation.running import Found, Job, run_job
from training.evaluation.setting_texts import settings_from
from training.evaluation.shards import Shard, shard_of_this_process
from training.evaluation.tables import table


def planned(options: argparse.Namespace, shard: Shard) -> list[list[Job]]:
    """The jobs of each run: a run is one method in one click style, a job is one of its sets.

    Raises
    ------
    UserError, DataError
        For a wrong setting, a method or checkpoint that cannot be had, or missing data.
    """
    settings = settings_from(options.settings)
    if options.mend and settings.protocol != "released":
        raise UserError("--mend is for the released protocol; add --settings protocol=released.")
    styles = [
        Conditions(
            ClickBudget(options.max_clicks, options.stop_at),
            settings.protocol,
            tuple(options.mend),
            options.mirror_field,
            style,
            options.seed,
        )
        for style in dict.fromkeys(options.click_style)
    ]
    sets = {found.name: found for found in (_set(name, options) for name in options.dataset)}
    device = shard.device(options.device)
    checkpoints = options.checkpoint or ([] if options.method else [DEFAULT_CHECKPOINT])
    given = (device, options.first_click, options.settings, styles[0])
    contenders: list[Contender] = (
        ablation.contenders(checkpoints, *given)
        if options.ablation
        else [network(name, *given) for name in dict.fromkeys(checkpoints)]
    )
    contenders += [by_factory(name, settings) for name in dict.fromkeys(options.method)]
    return [
        [Job(contender, found, conditions) for found in sets.values()]
        for contender in with_names_of_their_own(contenders)
        for conditions in styles
    ]


def _set(name: str, options: argparse.Namespace) -> EvaluationSet:
    """A set by its name; ``validation`` is the part of the training sets held out."""
    if name == VALIDATION:
        return validation_set(options.data_root).head(options.limit)
    return evaluation_set(
        name,
        options.data_root,
        sizes=options.objects,
        smallest_area=options.min_area,
        limit=options.limit,
    )


def run(options: argparse.Namespace, shard: Shard) -> list[dict[str, Any]]:
    """Runs as they are written to ``results.json``; none in processes other than the first.

    Raises
    ------
    UserError, DataError
        See `planned`; also for a method whose answers are no masks, or an unreadable file.
    """
    plan = planned(options, shard)
    with Bars(several=len(plan) > 1, shown=shard.is_first) as bars:
        own = [[run_job(job, options.output, shard, bars) for job in jobs] for jobs in plan]
    parts = shard.gathered(own)
    if not parts:
        return []
    asked = {
        "limit": options.limit,
        "objects": options.objects if options.objects is None else list(options.objects) or "all",
        "min_area": options.min_area,
        **({"ablation": True} if options.ablation else {}),
    }
    return [
        described_run(jobs, [_joined(parts, r, j) for j in range(len(jobs))], asked, shard.world)
        for r, jobs in enumerate(plan)
    ]


def _joined(parts: Sequence[Sequence[Sequence[Found]]], run_number: int, job_number: int) -> Found:
    return {
        number: measured
        for part in parts
        for number, measured in part[run_number][job_number].items()
    }


def shown(runs: Sequence[Mapping[str, Any]]) -> str:
    """The table of all runs; what is the same in all of them has no column."""
    methods = len({run["name"] for run in runs}) > 1
    styles = len({run["click_style"] for run in runs}) > 1
    rows: dict[str | tuple[str, ...], Mapping[str, float]] = {}
    for found in runs:
        for name, of_set in found["datasets"].items():
            cells = [found["name"]] * methods + [found["click_style"]] * styles + [name]
            rows[tuple(cells)] = of_set["metrics"]
    heads = ["method"] * methods + ["clicks"] * styles + ["data set"]
    return table(rows, heads)


def main(argv: Sequence[str] | None = None) -> None:
    """Evaluate, print the table, write the results and the report."""
    options = arguments(argv)
    try:
        with shard_of_this_process() as shard:
            runs = run(options, shard)
            if runs:
                print(shown(runs))
            if runs and options.output:
                _write(options.output, runs, options)
    except (UserError, DataError, CheckpointError, InputError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("stopped; with --output, the same command goes on with what is left.")
    except OSError as error:
        sys.exit(
            f"error: expected to read and write files, but {error}; put that right and give the "
            "same command again, with --output it goes on with the objects that are finished."
        )


def _write(folder: Path, runs: Sequence[Mapping[str, Any]], options: argparse.Namespace) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path in write_results(folder, runs):
        print(f"written: {path}")
    if not options.no_report:
        from training.report import write_report

        write_report(folder, options.data_root)


if __name__ == "__main__":
    main()
