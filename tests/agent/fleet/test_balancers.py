"""The configurations of deploy/ in real balancers, before two workers: TLS, draining, death."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy import check
from tests.agent.fleet.balanced import CLOSED, Seen, play

pytestmark = [pytest.mark.wire, pytest.mark.timeout(150)]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    if check.openssl() is None:
        pytest.skip("no openssl to make a certificate with")
    if check.haproxy() is None:
        pytest.skip("no haproxy: its wheel is in the extra `test`")
    balancers = ["haproxy"] if check.nginx() is None else ["haproxy", "nginx"]
    return asyncio.run(play(tmp_path_factory.mktemp("balancers"), balancers))


def test_the_configurations_are_taken(tmp_path: Path) -> None:
    assert check.check(tmp_path)


def test_twilio_is_sent_from_http_to_https_with_its_form(seen: Seen) -> None:
    for name, (status, location) in seen.redirected.items():
        assert status == 308, name
        assert location.startswith("https://localhost"), name


def test_nothing_but_twilios_paths_is_to_be_had(seen: Seen) -> None:
    for name, statuses in seen.hidden.items():
        assert statuses == [404] * len(CLOSED), name


def test_a_drained_worker_gets_no_new_call_from_the_first_moment_on(seen: Seen) -> None:
    for name, processes in seen.meanwhile.items():
        assert processes, name
        assert seen.drained not in processes, name


def test_a_drained_workers_call_goes_on(seen: Seen) -> None:
    assert set(seen.kept.values()) == {seen.drained}


def test_a_killed_workers_call_is_cut_at_once_and_comes_back_at_another(
    seen: Seen, figure: Callable[[str], None]
) -> None:
    figure(", ".join(f"{name} {seconds:.2f} s" for name, seconds in seen.cut.items()))
    assert max(seen.cut.values()) < 5.0, "0.1 alone on a machine"
    assert seen.drained not in seen.back.values()


def test_a_worker_whose_loop_stands_still_is_given_up(
    seen: Seen, figure: Callable[[str], None]
) -> None:
    figure(f"held {seen.hung:.1f} s, stopped {seen.stopped:.1f} s")
    assert 1.0 < seen.hung < 20.0, "3 alone on a machine"
    assert seen.stopped < 20.0, "3.6 alone on a machine: no watchdog of its own can help"


def test_half_a_request_is_given_up(seen: Seen) -> None:
    assert 3.0 < seen.half < 30.0, "5 alone on a machine"


def test_a_killed_supervisors_workers_finish_their_calls_while_another_ones_have_the_ports(
    seen: Seen,
) -> None:
    for name, processes in seen.orphaned.items():
        assert len(processes) == 2
        assert seen.outlived[name] == processes, name
        assert not seen.heirs[name] & processes, name
    assert seen.left
