"""The demonstration is one report of a classifier and a generator."""

import pytest

from unitscope.cli import calls


@pytest.mark.slow
@pytest.mark.usefixtures("traced_once")
def test_the_demonstration_is_one_report(tmp_path, capsys):
    runs, page = calls.demo(20, tmp_path / "demo")
    assert [run.path.name for run in runs] == ["classifier", "generator"]
    text = page.read_text(encoding="utf-8")
    assert all(name in text for name in calls.DEMO_CLASSES)
    assert "without tree units" in text
    assert "door units of layer4 forced on" in text
    assert capsys.readouterr() == ("", "")
