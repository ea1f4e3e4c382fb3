"""Make the compact data of this folder from the originals.

``python scenarios/data/make.py SOURCE`` reads the folders ``claude-code-sessions``, ``azure-llm-2024-week``,
``sandbox-tti``, ``azure-llm-2023``, ``servegen-tenants``, ``spot-aws-v100``, ``gcp-preemptible-vm`` and
``gpu-cluster-pods`` below SOURCE and writes the files beside this script. README.md says where the originals come from,
what each file means and what was left out; the counts printed here are the ones it quotes. The same originals give the
same bytes.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

HERE = Path(__file__).parent
Row = dict[str, str]

DAYS_RECORDED = ("fri", "sat", "sun", "mon", "tue")
"""The series begins on Friday 10 May 2024, 00:00 UTC."""
WEEK = (("mon",), ("tue",), ("mon", "tue"), ("mon", "tue"), ("fri",), ("sat",), ("sun",))
"""Monday to Sunday: the recorded days whose mean stands for each. Wednesday and Thursday were not recorded."""

PROVIDERS = ("blaxel", "cloudflare", "daytona", "e2b", "modal", "railway", "render", "runloop", "vercel")
MODES = ("sequential", "staggered")
FIRST_DAY = 114
"""Before it, only stray tasks of a cluster are recorded."""
KEPT = 400
"""Samples kept of each provider and mode that has more."""


def read(path: Path) -> Iterator[Row]:
    """Rows of a gzipped CSV file."""
    with gzip.open(path, "rt", newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def write(name: str, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a CSV file beside this script; gzipped, without a time stamp, when the name says so."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    data = text.getvalue().encode()
    (HERE / name).write_bytes(gzip.compress(data, 9, mtime=0) if name.endswith(".gz") else data)


# --- coding-agent sessions -------------------------------------------------------------------------------------------


def complete(calls: list[Row]) -> bool:
    """Whether every duration and every cause of a call is known."""
    return all(call["trigger"] != "unknown" and call["api_s"] for call in calls)


def gap(call: Row, before: Row) -> str:
    """Seconds between the end of a call and the next one.

    The recorded figure where there is one. It is missing where a sub-agent ran in between; then it is what the two
    start times and the length of the earlier call leave, in whole seconds as elsewhere.
    """
    if call["think_s"]:
        return f"{float(call['think_s']):.0f}"
    return f"{max(0.0, float(call['t_s']) - float(before['t_s']) - float(before['api_s'])):.0f}"


def opens_turn(call: Row, before: Row | None) -> bool:
    """Whether a call begins a new turn of the user.

    ``user`` does. ``other`` (new text mixed with something else, such as a compacted context) does when the call
    before it had ended its turn; after a call for a tool it carries that tool's result and continues the turn.
    """
    return before is None or call["trigger"] == "user" or (
        call["trigger"] == "other" and before["stop"] == "end_turn")


def steps(session: str, calls: list[Row]) -> Iterator[list[object]]:
    """Rows of one session: each call, and before each call that continues a turn, the tool that led to it."""
    turn, step = -1, 0
    before = None
    for call in calls:
        pause = "" if before is None else gap(call, before)
        if opens_turn(call, before):
            turn, step = turn + 1, 0
        else:
            yield [session, turn, step, "", "tool", 0, pause, 0, 0, 0, ""]
            step, pause = step + 1, ""
        yield [session, turn, step, pause, "llm", 0, call["api_s"], call["in_tok"], call["cached_tok"],
               call["out_tok"], call["model"]]
        step += 1
        before = call


def sessions(source: Path) -> None:
    """Write the complete sessions, one row for each step."""
    recorded: dict[str, list[Row]] = defaultdict(list)
    for row in read(source / "claude-code-sessions" / "llm_requests.csv.gz"):
        recorded[row["session"]].append(row)
    kept = {name: calls for name, calls in recorded.items() if complete(calls)}
    rows = [row for name, calls in kept.items() for row in steps(name, calls)]
    write("claude-code-sessions.csv.gz",
          ("session", "turn", "step", "gap_s", "kind", "cpu_s", "wait_s", "tokens_in", "tokens_cached", "tokens_out",
           "model"), rows)
    kinds = Counter(row[4] for row in rows)
    turns = len({(row[0], row[1]) for row in rows})
    print(f"sessions: {len(kept)} of {len(recorded)} kept, {turns} turns, {kinds['llm']} llm and {kinds['tool']} tool "
          f"steps; {sum(1 for calls in kept.values() for call in calls if not call['think_s'])} gaps derived")


# --- the shape of a week ---------------------------------------------------------------------------------------------


def week(source: Path) -> None:
    """Write the mean rate of each hour of a week from the five days recorded."""
    seen: dict[tuple[str, int], list[float]] = defaultdict(list)
    for row in read(source / "azure-llm-2024-week" / "code_may10-14_rpm.csv.gz"):
        day, second = divmod(int(row["t_s"]), 86_400)
        seen[DAYS_RECORDED[day], second // 3600].append(float(row["rpm_mid"]))
    rows = []
    for day, sources in enumerate(WEEK):
        for hour in range(24):
            means = [sum(values) / len(values) for values in (seen[name, hour] for name in sources)]
            rows.append([day * 86_400 + hour * 3600, f"{sum(means) / len(means):.1f}"])
    write("azure-llm-2024-week-code.csv", ("t_s", "rate"), rows)
    mean = sum(float(rate) for _, rate in rows) / len(rows)
    print(f"week: {len(rows)} hours, mean {mean:.1f} calls a minute, peak {max(float(r) for _, r in rows) / mean:.2f} "
          f"times the mean")


# --- start-up times --------------------------------------------------------------------------------------------------


def thinned(rows: list[Row]) -> list[Row]:
    """Every n-th row in order of the time measured, from the middle of each part, so that the quantiles stay."""
    count = len(rows)
    if count <= KEPT:
        return rows
    return [rows[(2 * place + 1) * count // (2 * KEPT)] for place in range(KEPT)]


def starts(source: Path) -> None:
    """Write a thinned sample of the successful start-up times of each provider and mode."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    failed: Counter[tuple[str, str]] = Counter()
    for row in read(source / "sandbox-tti" / "tti_to_2026-04-11.csv.gz"):
        if row["provider"] in PROVIDERS and row["mode"] in MODES:
            if row["status"] == "ok":
                groups[row["provider"], row["mode"]].append(row)
            elif row["status"] in ("platform_error", "timeout", "rate_limited"):
                failed[row["provider"], row["mode"]] += 1
    written: list[list[object]] = []
    for key in sorted(groups):
        rows = sorted(groups[key], key=lambda row: (float(row["tti_ms"]), row["run_utc"], int(row["i"])))
        kept = thinned(rows)
        written += [[*key, row["run_utc"][:10], row["tti_ms"]] for row in kept]
        means = [sum(float(row["tti_ms"]) for row in part) / len(part) for part in (rows, kept)]
        middle, high = (float(rows[int(q * len(rows))]["tti_ms"]) for q in (0.5, 0.99))
        print(f"starts: {key[0]:10} {key[1]:10} {len(kept):4} of {len(rows):4} kept, {failed[key]:2} had failed, "
              f"mean {means[0]:6.0f} ms (kept {means[1]:6.0f}), p50 {middle:6.0f}, p99 {high:6.0f}, "
              f"{min(row['run_utc'] for row in rows)[:10]} to {max(row['run_utc'] for row in rows)[:10]}")
    write("sandbox-tti.csv.gz", ("provider", "mode", "date", "tti_ms"), written)
    print(f"starts: {len(written)} rows")


# --- requests --------------------------------------------------------------------------------------------------------


def requests(source: Path) -> None:
    """Write the requests of half an hour of a code assistant and of a chat service, as they are."""
    for name, file in (("code", "code_first30min"), ("chat", "conv_first30min")):
        rows = [[row["t_s"], row["context_tokens"], row["generated_tokens"]]
                for row in read(source / "azure-llm-2023" / f"{file}.csv.gz")]  # fmt: skip
        write(f"azure-llm-2023-{name}.csv.gz", ("t_s", "context_tokens", "generated_tokens"), rows)
        told = []
        for width in (1, 10, 60):
            counts = [0] * (1800 // width)
            for row in rows:
                counts[int(float(row[0])) // width] += 1
            mean = sum(counts) / len(counts)
            told.append(sum((count - mean) ** 2 for count in counts) / (len(counts) - 1) / mean)
        print(f"requests: {name}, {len(rows)} rows, index of dispersion at 1, 10, 60 s: "
              + ", ".join(f"{index:.2f}" for index in told))


# --- rates of tenants ------------------------------------------------------------------------------------------------

TENANTS = 20
"""The busiest tenants, which are kept."""


def tenants(source: Path) -> None:
    """Write the hourly rates of the busiest tenants over a week; a window of 10 minutes without a row had none."""
    rates: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    weighted: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for row in read(source / "servegen-tenants" / "m-large_week1_rates.csv.gz"):
        tenant, hour, rate = row["tenant"], int(float(row["t_s"])) // 3600, float(row["rate_rps"])
        rates[tenant][hour] += rate / 6
        weighted[tenant][hour] += rate / 6 * float(row["cv"] or 1)
    total = {tenant: sum(hours.values()) for tenant, hours in rates.items()}
    kept = sorted(total, key=lambda tenant: (-total[tenant], int(tenant)))[:TENANTS]
    rows = [[hour * 3600, f"{int(tenant):03}", f"{rate:.6g}", f"{weighted[tenant][hour] / rate:.4g}"]
            for tenant in sorted(kept, key=int) for hour, rate in sorted(rates[tenant].items())]  # fmt: skip
    write("servegen-tenants-week.csv.gz", ("t_s", "tenant", "rate", "cv"), rows)
    share = sum(total[tenant] for tenant in kept) / sum(total.values())
    print(f"tenants: {len(kept)} of {len(total)} kept, which have {share:.1%} of the requests, {len(rows)} hours; "
          f"{sum(total[tenant] for tenant in kept) / 168:.2f} requests a second on average")


# --- spot instances --------------------------------------------------------------------------------------------------

ZONES = ("us-east-1c", "us-east-1f", "us-east-2a", "us-west-2a", "us-west-2b")


def spot(source: Path) -> None:
    """Write when spot instances were to be had in each zone, and their price: only what changes, and the last tick."""
    written: list[list[object]] = []
    for zone in ZONES:
        rows = list(read(source / "spot-aws-v100" / f"{zone}_30d.csv.gz"))
        before = None
        for row in rows:
            now = row["available"], row["price_usd_h"]
            if now != before or row is rows[-1]:
                written.append([zone, row["t_s"], *now])
            before = now
        up = [row["available"] == "1" for row in rows]
        lost = sum(1 for was, one in pairwise(up) if was and not one)
        price = [float(row["price_usd_h"]) for row in rows]
        paid = [one for one, there in zip(price, up, strict=True) if there]
        print(f"spot: {zone}, {len(rows)} ticks, up {sum(up) / len(up):.1%}, lost {lost} times, price {min(price)} to "
              f"{max(price)}, mean {sum(price) / len(price):.4f}, while up {sum(paid) / len(paid):.4f}")
    write("spot-aws-v100.csv.gz", ("zone", "t_s", "available", "price_usd_h"), written)
    print(f"spot: {len(written)} rows")


def lives(source: Path) -> None:
    """Write the lives of preemptible machines, with what they rest on, and whether they were seen to their end."""
    rows = list(read(source / "gcp-preemptible-vm" / "lifetimes_us-central1-c_us-west1-a.csv.gz"))
    columns = ("zone", "machine_type", "lifetime_s", "event")
    write("gcp-preemptible-vm.csv.gz", columns, ([row[column] for column in columns] for row in rows))
    for zone in sorted({row["zone"] for row in rows}):
        events = Counter(row["event"] for row in rows if row["zone"] == zone)
        print(f"lives: {zone}, {events['preempted']} preempted, {events['stopped']} stopped by their owner")


def pods(source: Path) -> None:
    """Write the tasks of a GPU cluster that had whole GPUs, from the day on from which all of them were recorded."""
    rows = [row for row in read(source / "gpu-cluster-pods" / "pods_to_day135.csv.gz")
            if int(row["creation_s"]) > FIRST_DAY * 86_400 and row["gpu_milli"] == "1000" and row["scheduled_s"]]
    found = sorted((int(row["creation_s"]) - FIRST_DAY * 86_400, int(row["num_gpu"]),
                    int(row["deletion_s"]) - int(float(row["scheduled_s"]))) for row in rows)
    write("gpu-cluster-pods.csv.gz", ("t_s", "gpus", "ran_s"), found)
    print(f"pods: {len(found)} tasks, GPUs {sorted(Counter(gpus for _, gpus, _ in found).items())}")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="folder that holds the originals")
    source = parser.parse_args().source
    sessions(source)
    week(source)
    starts(source)
    requests(source)
    tenants(source)
    spot(source)
    lives(source)
    pods(source)


if __name__ == "__main__":
    main()
