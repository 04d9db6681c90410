"""Runs the robot user against methods on data sets and writes one folder of results.

    python -m training.evaluate --checkpoint fcfi-lite --dataset grabcut berkeley --data-root DIR

Every object gets all its clicks unless its mask becomes perfect (its values are carried on then),
because IoU@N needs them. With ``--stop-at`` an object is left as soon as it reaches that IoU; NoC
and NoF up to that threshold are the same, IoU@N is not reported. An evaluation that was stopped
goes on with the same command; under ``torchrun`` its processes share the objects.

With ``--protocol released`` prediction, robot user and metrics are those of the authors'
programs, and each data set has the window that they tuned for it, unless the settings name one.
``--mend`` takes single differences of that protocol back, so that their cost can be measured; its
names and the differences are in docs/protocols.md, everything else is in docs/evaluation.md.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from napari_fcfi import CheckpointError
from napari_fcfi.inference import InputError
from training import ablation
from training.data.evaluation_sets import DataError, EvaluationSet, evaluation_set
from training.data.validation import NAME as VALIDATION
from training.data.validation import validation_set
from training.evaluation.conditions import Conditions
from training.evaluation.courses import ClickBudget
from training.evaluation.errors import UserError
from training.evaluation.finished import FOLDER, Finished
from training.evaluation.formats import number
from training.evaluation.methods import (
    Contender,
    by_factory,
    network,
    with_names_of_their_own,
)
from training.evaluation.options import DEFAULT_CHECKPOINT, arguments
from training.evaluation.progress import Bars
from training.evaluation.published import other_than_published
from training.evaluation.results import described_run, write_results
from training.evaluation.running import Found, Job, run_job
from training.evaluation.setting_texts import settings_from, with_protocol
from training.evaluation.shards import Shard, shard_of_this_process
from training.evaluation.tables import markdown_table

T = TypeVar("T")


def planned(options: argparse.Namespace, shard: Shard) -> list[list[Job]]:
    """The jobs of each run: a run is one method in one click style, a job is one of its sets.

    Raises
    ------
    UserError, DataError
        For a wrong setting, a method or checkpoint that cannot be had, or missing data.
    """
    pairs = with_protocol(options.settings, options.protocol)
    settings = settings_from(pairs)
    if options.mend and settings.protocol != "released":
        raise UserError(
            f"Expected the released protocol for --mend, got {settings.protocol}; add --protocol "
            "released."
        )
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
    given = (device, options.first_click, pairs, styles[0])
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
    """A set by its name; ``validation`` is of the part of the training sets held out."""
    if name == VALIDATION:
        if options.objects is not None or options.min_area is not None:
            raise UserError(
                "Expected --objects and --min-area for other sets than validation, which has one "
                "object of each picture; got one of them: leave it out."
            )
        return validation_set(options.data_root).head(options.limit)
    return evaluation_set(
        name,
        options.data_root,
        sizes=options.objects,
        smallest_area=options.min_area,
        limit=options.limit,
    )


def run(
    plan: Sequence[Sequence[Job]], options: argparse.Namespace, shard: Shard, command: str
) -> list[dict[str, Any]]:
    """Runs as they are written to ``results.json``; none in processes other than the first.

    The command, for a shell, is written beside them.

    Raises
    ------
    UserError, DataError
        For a method whose answers are no masks, or an unreadable file.
    """
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
        described_run(
            jobs, [_joined(parts, r, j) for j in range(len(jobs))], asked, shard.world, command
        )
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
    lines = [
        ([run["name"]] * methods + [run["click_style"]] * styles + [dataset], of_set["metrics"])
        for run in runs
        for dataset, of_set in run["datasets"].items()
    ]
    names = list(dict.fromkeys(name for _, found in lines for name in found))
    return markdown_table(
        ["method"] * methods + ["clicks"] * styles + ["data set"],
        names,
        [[*words, *(number(name, found.get(name)) for name in names)] for words, found in lines],
    )


EXPECTED = (UserError, DataError, CheckpointError, InputError, OSError)
"""Errors that a user can put right."""


def main(argv: Sequence[str] | None = None) -> None:
    """Evaluate, print the table, write the results and the report."""
    given = sys.argv[1:] if argv is None else argv
    command = shlex.join(["python", "-m", "training.evaluate", *given])
    plan: Sequence[Sequence[Job]] = []
    with shard_of_this_process() as shard:
        options = _alike(lambda: arguments(argv), shard)
        try:
            plan = _alike(lambda: planned(options, shard), shard)
            if shard.is_first:
                _warn(plan)
            runs = run(plan, options, shard, command)
            if runs:
                print(shown(runs))
            if runs and options.output:
                _write(options.output, runs, options)
        except EXPECTED as error:  # of this process alone, since each has objects of its own
            sys.exit(_sentence(error))
        except KeyboardInterrupt:
            # Ctrl+C reaches all processes of a machine
            sys.exit(_how_to_go_on(plan, options.output) if shard.local_rank == 0 else 1)


def _alike(work: Callable[[], T], shard: Shard) -> T:
    """What work comes to that is the same in all processes: where one fails, none goes on."""
    try:
        found = work()
    except EXPECTED as error:
        shard.agree(_sentence(error))
        sys.exit(1)
    shard.agree("")
    return found


def _sentence(error: Exception) -> str:
    if not isinstance(error, OSError):
        return f"error: {error}"
    return (
        f"error: Expected to read and write files, but {error}; put that right and give the "
        "same command again, with --output it goes on with the objects that are finished."
    )


def _how_to_go_on(plan: Sequence[Sequence[Job]], output: Path | None) -> str:
    if output is None:
        return (
            "stopped; nothing is kept, since there is no --output: with --output DIR the same "
            "command can be stopped and goes on later."
        )
    jobs = [job for of_run in plan for job in of_run]
    if not jobs:
        return "stopped before the first object; nothing was measured yet."
    done, asked = sum(_finished(job, output) for job in jobs), sum(len(job.dataset) for job in jobs)
    if done == asked:
        return (
            f"stopped; all {asked} objects are done, in {output / FOLDER}, only the report was "
            "left: the same command writes it."
        )
    return (
        f"stopped; {done} of {asked} objects are done, in {output / FOLDER}: the same command "
        "goes on with what is left."
    )


def _finished(job: Job, output: Path) -> int:
    """Objects of a job that are on disk, whichever process measured them."""
    kept = {name for name, _ in Finished(output, job.dataset.name, job.identity).courses()}
    return sum(case.name in kept for case in job.dataset.cases)


def _warn(plan: Sequence[Sequence[Job]]) -> None:
    for found in {job.dataset.name: job.dataset for jobs in plan for job in jobs}.values():
        difference = other_than_published(found.name, len(found), found.expected_objects)
        for sentence in filter(None, (difference, found.remark)):
            print(f"warning: {sentence}", file=sys.stderr)


def _write(folder: Path, runs: Sequence[Mapping[str, Any]], options: argparse.Namespace) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    paths = write_results(folder, runs)
    if not options.no_report:
        from training.report.write import write_report

        paths += write_report(folder, options.data_root)
    for path in paths:
        print(f"written: {path}")


if __name__ == "__main__":
    main()
