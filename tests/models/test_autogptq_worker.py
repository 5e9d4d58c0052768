"""The half of AutoGPTQ's process that needs no AutoGPTQ: finished layers, the measuring, the messages."""

import ast
import io
import json
import logging
import math
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from termcoder.models import autogptq_worker as worker
from termcoder.models.autogptq_worker import Done, Source, States, Work


def states(value: float) -> States:
    return States(*(torch.full((2, 3, 4), value + at) for at in range(3)))


def finished(folder: Path, layers: int, fingerprint: str = "a") -> Work:
    work = Work(folder, fingerprint)
    done = Done()
    for index in range(layers):
        done = Done(index + 1, [*done.losses, {"x": float(index)}], [*done.seconds, 1.0])
        work.save(done, {"w": torch.tensor([index])}, states(float(index)))
    return work


def test_it_imports_nothing_of_this_program() -> None:
    tree = ast.parse(Path(worker.__file__).read_text())
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    assert [name for name in imported if name.startswith("termcoder")] == []


def test_finished_layers_are_found_again(tmp_path: Path) -> None:
    work = finished(tmp_path, 3)
    done = work.read()
    assert (done.layers, done.losses[2], sum(done.seconds)) == (3, {"x": 2.0}, 3.0)
    assert torch.equal(work.load_states(done).after, states(2.0).after)
    assert len(list(tmp_path.glob("states-*"))) == 1
    assert not list(tmp_path.glob("*.new"))


def test_layers_of_another_job_or_not_whole_do_not_count(tmp_path: Path) -> None:
    work = finished(tmp_path, 2)
    assert Work(tmp_path, "b").read() == Done()
    work.layer_file(0).unlink()
    assert work.read() == Done()


def test_a_state_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    work = finished(tmp_path, 1)
    (tmp_path / worker.STATE).write_text('{"layers": "x"')
    assert work.read() == Done()


def test_a_layer_that_was_not_written_to_the_end_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = finished(tmp_path, 2)

    def fail(*_: Any) -> None:
        raise OSError("full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="full"):
        work.save(Done(3, [{}] * 3, [1.0] * 3), {"w": torch.tensor([2])}, states(2.0))
    assert work.read().layers == 2


def test_perplexity_is_that_of_the_next_token() -> None:
    head = torch.eye(5)
    windows = torch.tensor([[0, 1, 2, 3], [4, 3, 2, 1]])
    uniform = worker.perplexity(torch.zeros(2, 4, 5), head, windows)
    assert uniform == pytest.approx(5.0)
    knowing = torch.nn.functional.one_hot(windows.roll(-1, 1), 5).float() * 50
    assert worker.perplexity(knowing, head, windows) == pytest.approx(1.0)


def test_perplexity_over_more_rows_than_are_in_memory_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    states, head, windows = torch.randn(2, 9, 4), torch.randn(7, 4), torch.randint(7, (2, 9))
    whole = worker.perplexity(states, head, windows)
    monkeypatch.setattr(worker, "LOGIT_ROWS", 3)
    assert worker.perplexity(states, head, windows) == pytest.approx(whole)


def test_the_tensors_below_a_name(tmp_path: Path) -> None:
    save_file({"a.b.w": torch.ones(1), "a.bc.w": torch.zeros(1)}, tmp_path / "1.safetensors")
    save_file({"a.b.v": torch.zeros(2)}, tmp_path / "2.safetensors")
    source = Source(tmp_path)
    assert source.below("a.b").keys() == {"w", "v"}
    assert "a.bc.w" in source
    assert sorted(source.names()) == ["a.b.v", "a.b.w", "a.bc.w"]


def test_the_loss_is_what_the_solver_logs() -> None:
    with worker.logged() as messages:
        logging.getLogger("auto_gptq.quantization.gptq").info("duration: 0.5")
        logging.getLogger("auto_gptq.quantization.gptq").info("avg loss: 12.5")
    assert worker.loss_of(messages) == 12.5
    assert math.isnan(worker.loss_of([]))


def test_what_is_stored_is_16_bits_wide(tmp_path: Path) -> None:
    kept = torch.ones(2, dtype=torch.float16)
    assert worker.to_16_bit(kept) is kept
    assert worker.to_16_bit(torch.ones(2)).dtype is torch.bfloat16
    Work(tmp_path, "").write(tmp_path / "a.safetensors", {"x": kept})
    assert torch.equal(load_file(tmp_path / "a.safetensors")["x"], kept)


def test_messages_are_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    tell = worker.teller(out, os.getppid())
    tell({"done": 0.5, "what": "a\nb"})
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [{"done": 0.5, "what": "a\nb"}]


def test_it_ends_where_nobody_reads_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ended(Exception):
        pass

    def end(code: int) -> None:
        raise Ended(code)

    monkeypatch.setattr(os, "_exit", end)
    with pytest.raises(Ended):
        worker.teller(io.StringIO(), 0)({"done": 1.0})
