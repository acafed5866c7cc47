"""What the README says about a generator runs, and so does the demonstration."""

import pytest
from readme import run_commands

from unitscope.cli import calls


@pytest.mark.slow
def test_the_commands_run(tmp_path, monkeypatch, capsys):
    smaller = {
        "--latents 1000": "--latents 24",
        "--latents 300": "--latents 12",
        "--latents 50": "--latents 1",
        "--latents 100": "--latents 2",
    }
    run_commands("unitscope dissect world-gan", tmp_path, monkeypatch, capsys, **smaller)
    report = tmp_path / "runs" / "gan" / "report"
    assert len(list(report.glob("effects/*/index.html"))) == 3
    assert "effects/" in (report / "index.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_demonstration_is_one_report(tmp_path, capsys):
    runs, page = calls.demo(24, tmp_path / "demo")
    assert [run.path.name for run in runs] == ["classifier", "generator"]
    text = page.read_text(encoding="utf-8")
    assert all(name in text for name in calls.DEMO_CLASSES)
    assert "without tree units" in text
    assert "door units of layer4 forced on" in text
    assert capsys.readouterr() == ("", "")
