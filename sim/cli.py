"""The command line: what a person types, and how it ends.

The report goes to standard output, everything else to standard error. What is heavy is imported by the command that
needs it, so that help and validation answer at once.
"""

from __future__ import annotations

import errno
import gc
import math
import os
import shlex
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

import sim
from sim.errors import AdvisedError, InputError, Problem, SimError, nearest

if TYPE_CHECKING:
    from sim.scenario import Scenario

DONE, BUG, INPUT, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143
"""Exit codes; a run may also end with 3 (an expectation fails) or 4 (one is inconclusive)."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_WIDTH = 100
"""Columns of a report that does not go to a terminal, unless COLUMNS says otherwise."""

Command = TypeVar("Command", bound=Callable[..., Any])
_Read = TypeVar("_Read")


class Program(click.Group):
    """The program: every way of ending goes through its `main`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; of one that does not exist, say which was probably meant."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            near = nearest(name, self.commands)
            # A person often leaves the command out and gives the file alone.
            hint = f"did you mean `sim {near}`?" if near else f"`sim {'|'.join(self.commands)}`"
            if name.endswith((".yaml", ".yml")):
                hint = f"did you mean `sim run {shlex.quote(name)}`?"
            ctx.fail(f"there is no command `{name}`; {hint}")
        return super().resolve_command(ctx, args)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and exit with its code, whatever happens."""
        given = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(
                args=given, prog_name=prog_name or "sim", complete_var=complete_var, standalone_mode=False,
                windows_expand_args=windows_expand_args, **extra,
            )  # fmt: skip
        except Exception as error:
            code = _ended_by(error, as_json="--json" in given, debug="--debug" in given)
        sys.exit(code or DONE)


def _common(command: Command) -> Command:
    """Add the options that every command has."""
    options = [
        click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text."),
        click.option("--debug", is_flag=True, expose_value=False, help="Print the traceback of a bug."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.group(
    cls=Program,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done and expectations hold, 1 a bug, 2 bad input, 3 an expectation fails, 4 one is "
    "inconclusive, 130 interrupted, 143 terminated.",
)
@click.version_option(sim.__version__, prog_name="sim", message="%(prog)s %(version)s")
@click.pass_context
def program(ctx: click.Context) -> None:
    """Simulate fleets of AI agents on hosting platforms: latency percentiles and monthly bills."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


_settings = click.option(
    "--set", "settings", multiple=True, metavar="PATH=VALUE",
    help="Put a value over the file's, such as workload.agents=50; may be given several times.",
)  # fmt: skip


@program.command()
@click.argument("file", type=click.Path(path_type=Path))
@_settings
@click.option("--seed", type=click.IntRange(min=0, max=2**64 - 1), help="Seed of all luck, instead of the file's.")
@click.option("--replications", type=click.IntRange(1, 10_000), help="Independent repetitions, instead of the file's.")
@click.option("--workers", type=click.IntRange(1, 1024), help="Processes; as many as there are processors when absent.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder of the run, instead of results/runs/SCENARIO/IDENTITY."
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors; the exit code tells.")
@_common
def run(
    file: Path, settings: tuple[str, ...], seed: int | None, replications: int | None, workers: int | None,
    out: Path | None, quiet: bool, as_json: bool,
) -> int:  # fmt: skip
    """Run the scenario FILE, all of its cases, keep the run in a folder and report it."""
    from sim.report.document import document, require_audits
    from sim.report.folder import RUNS, default_folder, require_room, require_writable
    from sim.scenario import notices

    if out is not None:
        require_room(out)
    study = sim.load(file, settings)
    require_writable(out or RUNS / study.scenario.name / "run")
    if not quiet:
        _warn(notices(study.scenario, study.directory))
    with _progress(hidden=quiet) as progress:
        result = study.run(workers=workers, seed=seed, replications=replications, progress=progress)
    summary = result.summary
    for one in summary.get("cases", (summary,)):
        require_audits(one)
    folder = out or default_folder(summary)
    unwritten = None
    try:
        result.write(folder)
    except (OSError, SimError) as error:
        # Hours of work may be in the result: it is reported before the failure to keep it is.
        unwritten = error
    if as_json:
        _print(document(summary))
    elif not quiet:
        given = (*(word for setting in settings for word in ("--set", setting)), *(("--out", str(out)) if out else ()))
        _print(_report(summary, file, given, None if unwritten else folder))
    if unwritten is not None:
        raise unwritten
    return int(result.exit_code)


@program.command(short_help="Check scenario FILES without running them.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@_settings
@_common
def validate(files: tuple[Path, ...], settings: tuple[str, ...], as_json: bool) -> int:
    """Check scenario FILES without running them; tell everything that is wrong at once."""
    from sim.scenario import notices

    told = []
    for file in files:
        problems: tuple[Problem, ...] = ()
        warnings: tuple[Problem, ...] = ()
        try:
            scenario = _checked(file, settings)
            warnings = notices(scenario, file.parent)
        except InputError as error:
            problems = error.problems
            click.echo(str(error) + "\n", err=True)
        else:
            _warn(warnings)
            if not as_json:
                _print(f"{file}: valid, {_counted(scenario)}\n")
        told.append({"file": str(file), "valid": not problems, "problems": [_plain(one) for one in problems],
                     "warnings": [_plain(one) for one in warnings]})
    if as_json:
        from sim.report.document import document

        _print(document({"files": told}))
    return DONE if all(one["valid"] for one in told) else INPUT


@program.command(short_help="Print the scenario FILE with every default and source.")
@click.argument("file", type=click.Path(path_type=Path))
@_settings
@_common
def show(file: Path, settings: tuple[str, ...], as_json: bool) -> int:
    """Print the scenario FILE as it is run: YAML with every default, figure and price, and what each rests on."""
    from sim import scenario

    case = scenario.bind(_checked(file, settings), file.parent)
    if as_json:
        from sim.report.document import document

        _print(document(scenario.resolved(case)))
    else:
        _print(scenario.show(case))
    return DONE


@program.command(short_help="List the platforms of the catalogue, or explain the one NAME.")
@click.argument("name", required=False)
@click.option("--gpu", metavar="TEXT", help="Only with such a GPU, as `h100`; `any` for any.")
@click.option("--isolation", metavar="TEXT", help="Only with such a border between instances, as `firecracker`.")
@click.option("--scales-to-zero", is_flag=True, help="Only where no instance is left when nothing is asked.")
@click.option("--lasts", metavar="TIME", help="Only where a request may last so long, as `6 h`.")
@click.option("--memory", metavar="SIZE", help="Only where an instance may have so much, as `16 GiB`.")
@click.option("--idle-cost", metavar="MONEY", help="Only where an instance at rest costs no more a month, as `$1`.")
@click.option("--catalog", "folder", type=click.Path(path_type=Path),
              help="A folder of your own, put over the package's.")
@click.option("--as-of", metavar="DAY", help="The day from which ages are counted; today.")
@_common
def platforms(
    name: str | None, gpu: str | None, isolation: str | None, scales_to_zero: bool, lasts: str | None,
    memory: str | None, idle_cost: str | None, folder: Path | None, as_of: str | None, as_json: bool,
) -> int:  # fmt: skip
    """List the platforms of the catalogue, or explain the one NAME: behaviour, prices, sources, what is guessed."""
    from datetime import date
    from fractions import Fraction

    from sim import units
    from sim.catalog import PACKAGE, Catalogue
    from sim.report import platforms as report
    from sim.report.document import document

    catalogue = PACKAGE if folder is None else Catalogue(folder)
    if wrong := list(catalogue.problems()):
        raise InputError(wrong)
    money = _option("--idle-cost", idle_cost, units.money)
    wanted = report.Wanted(
        gpu, isolation, scales_to_zero, _option("--lasts", lasts, units.duration),
        _option("--memory", memory, units.size), None if money is None else Fraction(money),
    )  # fmt: skip
    today = _option("--as-of", as_of, date.fromisoformat) or date.today()
    found = report.named(name, catalogue)
    if found == (name,) and wanted == report.Wanted():
        told = report.explained if as_json else report.show
        made = told(found[0], today, catalogue)
        _print(document(made) if isinstance(made, dict) else made)
    else:
        facts = report.listed(found, wanted, catalogue)
        _print(document({"platforms": facts}) if as_json else report.show_list(facts))
    return DONE


def _option(name: str, text: str | None, read: Callable[[str], _Read]) -> _Read | None:
    """Read the text of an option; say what is wrong with it as with a file."""
    if text is None:
        return None
    try:
        return read(text)
    except AdvisedError as error:
        raise InputError([Problem(name, 0, 0, error.message, error.fix, text)]) from error
    except ValueError as error:
        raise InputError([Problem(name, 0, 0, f"`{text}` is not a day", "write such as `2026-11-01`", text)]) from error


@program.command(short_help="Price given quantities, without a simulation.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--charges", metavar="PLATFORM", help="List the charges of a platform, by name, instead.")
@click.option("--prices", "book", default="list-2026", show_default=True, help="Price book of --charges.")
@_common
def rate(file: Path | None, charges: str | None, book: str, as_json: bool) -> int:
    """Price the quantities in FILE by a price book, line by line as the vendor rounds, without a simulation.

    \b
    month: 2026-11                  # or `hours: 730`
    prices: list-2026
    usage:
      - platform: aws-lambda/arm    # each request is rounded up by itself
        requests: {count: 5M, duration: 120.4 ms, memory: 512 MiB}
      - platform: hetzner           # a named size, or vcpu, memory, disk, gpus
        instances: {size: cx23, count: 3, hours: month}
      - platform: modal/sandbox     # each start is rounded up by itself
        instances: {vcpu: 2, memory: 4 GiB, starts: 1000, seconds_each: 12.3}
      - platform: cloudflare        # by the name of a charge: `sim rate --charges cloudflare`
        quantities: {worker-requests: 15M, worker-cpu: 75000 CPU-s}
    tokens:
      mid-tier: {input: 12M, cached: 40M, written: 2M, output: 900K}  # also `written_hour`, `batch: true`
    labour: {hours: 4, rate: $80/h}

    An entry may also name the vendor's `plan`, `region`, `seats` and `commitments`. Entries of one vendor are of one
    account: they share its free allowances, tiers and plan. `allowances: false` says that others have used up what is
    free, credits too; `without: [ipv4]` that a charge is not made; `credit: $60` what is left of a credit that was
    given or bought once. Requests that came while all provisioned instances were busy are `overflow: 20K` of the
    `count`. Where a vendor bills what was used, or that if it is more than what was asked for, instances have `cpu` and
    `memory_used`. `round_lines: $0.01`, beside `month`, rounds each line as most invoices do; without it lines are
    exact, unless the price list says how the vendor rounds them.
    """  # noqa: D301  (click's sign for lines that are not to be wrapped)
    from sim.billing import given
    from sim.report import charges as listing
    from sim.report import invoice
    from sim.report.document import document

    if (file is None) == (charges is None):
        raise click.UsageError("name a FILE of quantities, or --charges PLATFORM")
    if charges is not None:
        _print(document(listing.listed(book, charges)) if as_json else listing.show(book, charges))
        return DONE
    assert file is not None
    made = given.bill(file)
    if as_json:
        _print(document(made.to_dict()))
    else:
        _print(invoice.render(made, **_terminal()))
    return DONE


@program.command(short_help="Print the JSON Schema of scenario files, for editors.")
@_common
def schema(as_json: bool) -> int:
    """Print the JSON Schema of scenario files, for editors. It is JSON with and without --json."""
    from sim import scenario
    from sim.report.document import document

    _print(document(scenario.json_schema()))
    return DONE


def main() -> None:
    """Run the program on the arguments of the process."""
    # Looking for plugins of pydantic, which nothing here has, reads the metadata of every package that is installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # Most of what a short command makes stays until it ends: there is little to be collected meanwhile.
    gc.set_threshold(100_000, 50, 50)
    signal.signal(signal.SIGTERM, _terminated)
    program.main()


def _checked(file: Path, settings: Sequence[str]) -> Scenario:
    """Load a scenario with everything that can be told without running it."""
    from sim import claims, scenario

    return scenario.load(file, settings, claims.problems)


def _warn(warnings: Iterable[Problem]) -> None:
    for one in warnings:
        click.echo(one.render() + "\n", err=True)


def _counted(scenario: Scenario) -> str:
    counts = [(len(scenario.deployments), "deployment"), (len(scenario.expect), "expectation")]
    if scenario.axes:
        counts.append((math.prod(len(axis.values) for axis in scenario.axes), "case"))
    return ", ".join(f"{count} {what}{'' if count == 1 else 's'}" for count, what in counts)


def _report(summary: dict[str, Any], file: Path, given: Sequence[str], folder: Path | None) -> str:
    from sim.report import sweep, terminal

    render = sweep.render if "cases" in summary else terminal.render
    # Where precision is asked for, the number to begin with decides when it is looked again.
    first = str(summary["stopping"]["first"])
    repeat = ["sim", "run", str(file), *given, "--seed", str(summary["seed"]), "--replications", first]
    return render(
        summary,
        **_terminal(),
        folder=None if folder is None else str(folder),
        command=shlex.join(repeat),
    )


def _terminal() -> dict[str, Any]:
    """Say what a report needs to know of where it is printed."""
    return {
        "width": shutil.get_terminal_size((_WIDTH, 24)).columns,
        "colour": sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",
        "encoding": sys.stdout.encoding or "utf-8",
    }


@contextmanager
def _progress(*, hidden: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Show how many replications are done, on standard error and only if a person looks at it."""
    if hidden or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("replications"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _print(text: str) -> None:
    """Write to standard output; whoever has stopped reading is left alone."""
    try:
        click.echo(text, nl=False)
    except OSError as error:
        # What is still in the buffer would be written, and fail, when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise AdvisedError(f"standard output cannot be written: {error.strerror}", "send it elsewhere") from error


def _terminated(*_: object) -> None:
    """End as by an exit in the program itself, so that what was begun is cleared away."""
    # Once is enough: the signal goes to whole groups of processes at times, and comes again.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    click.echo("terminated", err=True)
    raise SystemExit(TERMINATED)


def _ended_by(error: Exception, *, as_json: bool, debug: bool) -> int:
    """Say what ended the program, and with which code it ends."""
    if isinstance(error, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    code, message, problems = _explained(error)
    if debug and code == BUG:
        message = "".join(traceback.format_exception(error)) + message
    click.echo(message, err=True)
    if as_json:
        from sim.report.document import document

        _print(document({"error": {"exit_code": code, "message": message, "problems": problems}}))
    return code


def _explained(error: Exception) -> tuple[int, str, list[dict[str, Any]]]:
    """Code, message and problems of an error."""
    if isinstance(error, InputError):
        return error.exit_code, str(error), [_plain(problem) for problem in error.problems]
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        usage = f"{context.get_usage()}\n" if context is not None else ""
        return INPUT, f"{usage}error: {error.format_message()}", []
    if isinstance(error, SimError):
        return error.exit_code, f"error: {error}", []
    if isinstance(error, OSError) and (error.filename or error.errno in _FULL):
        return INPUT, f"error: {error.strerror}: {error.filename or 'the disk'}", []
    if isinstance(error, MemoryError):
        return INPUT, "error: not enough memory; take fewer agents, a shorter horizon or fewer workers", []
    what = f"{type(error).__name__}: {error}".rstrip(": ")
    return BUG, (
        f"error: this is a bug of sim, not of your file: {what}\n"
        "please report it with the command, the file and `sim --version`; --debug shows where it happened"
    ), []


def _plain(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "fix": problem.fix,
    }
