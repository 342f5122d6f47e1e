"""The files for schedulers: each as its own tool, or that tool's schema, sees it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ferpipe_batch.commands import batch

RECIPES = Path(__file__).parents[2] / "docs" / "batch"
FILES = sorted(path.name for path in RECIPES.iterdir())


def test_there_is_a_test_for_each() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in FILES if f'"{name}"' not in text] == []


@pytest.mark.parametrize("name", FILES)
def test_the_commands_exist_with_these_options(name: str) -> None:
    text = re.sub(r"\\\n\s*", "", (RECIPES / name).read_text(encoding="utf-8"))
    found = [line.strip(" ,&") for line in re.findall(r"ferpipe batch ([^\n#]*)", text)]
    if name in {"kubernetes.yaml", "aws-batch.json"}:
        listed = re.search(r"\[\"?ferpipe\"?, \"?batch\"?, ([^\]]*)\]", text)
        assert listed is not None
        found = [" ".join(word.strip(' "') for word in listed[1].split(","))]
    assert found or name == "aws-submit.sh"
    for line in found:
        plain = re.sub(r"\{wildcards.index\}/\{params.shards\}|\$\{index\}/\$\{params.shards\}", "1/4", line)
        plain = re.sub(r"\{threads\}|\$\{task.cpus\}|\"?\$\{SLURM_CPUS_PER_TASK:-1\}\"?", "4", plain)
        plain = plain.replace(" 2> {log}", "")
        try:
            words = shlex.split(plain)
        except ValueError:  # of a command inside quotes, the closing one is left
            words = shlex.split(plain.rstrip("'\""))
        context = batch.make_context("batch", words)
        verb, command, rest = batch.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None
        command.make_context(verb, rest, parent=context)


@pytest.mark.parametrize("name", ["slurm.sbatch", "aws-submit.sh"])
def test_the_shell_can_read_it(name: str) -> None:
    shell = "bash" if name.endswith("sbatch") else "sh"
    assert subprocess.run([shell, "-n", str(RECIPES / name)], check=False).returncode == 0
    if linter := shutil.which("shellcheck"):
        said = subprocess.run(
            [linter, "-s", shell, str(RECIPES / name)], capture_output=True, check=False, text=True
        )
        assert said.returncode == 0, said.stdout


def test_kubernetes_takes_it() -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    job = yaml.safe_load((RECIPES / "kubernetes.yaml").read_text(encoding="utf-8"))
    validate.validate(job, validate.latest_version(), strict=True)
    (shards,) = (each for each in job["spec"]["template"]["spec"]["containers"][0]["env"])
    assert shards == {"name": "FERPIPE_SHARDS", "value": str(job["spec"]["completions"])}


def test_aws_batch_takes_it() -> None:
    session = pytest.importorskip("botocore.session", reason="botocore is not installed")
    from botocore.validate import ParamValidator

    shape = (
        session.get_session().get_service_model("batch").operation_model("RegisterJobDefinition").input_shape
    )
    definition = json.loads((RECIPES / "aws-batch.json").read_text(encoding="utf-8"))
    assert ParamValidator().validate(definition, shape).generate_report() == ""


@pytest.mark.slow
def test_ray_takes_it() -> None:
    util = pytest.importorskip("ray.autoscaler._private.util", reason="Ray is not installed")
    config = yaml.safe_load((RECIPES / "ray-cluster.yaml").read_text(encoding="utf-8"))
    util.validate_config(util.prepare_config(config))


@pytest.mark.slow
def test_snakemake_plans_all_shards(tmp_path: Path) -> None:
    pytest.importorskip("snakemake", reason="Snakemake is not installed")
    (tmp_path / "clips").mkdir()
    arguments = ["-n", "--cores", "2", "-s", str(RECIPES / "Snakefile"), "--config", "shards=3"]
    said = subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    assert re.search(r"shard\s+3\b", said.stdout + said.stderr)


def test_nextflow_is_not_run_here() -> None:
    """Its launcher is not on PyPI; only the commands in "main.nf" are checked, above."""
    assert (RECIPES / "main.nf").read_text(encoding="utf-8").count("process ") == 2
