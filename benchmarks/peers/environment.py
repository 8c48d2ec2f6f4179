"""Peers that are no dependency of The Brain live in a virtual environment of their own, made at first use."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["peers_python"]

BENCHMARKS = Path(__file__).parents[1]
REQUIREMENTS = BENCHMARKS / "peers" / "requirements.txt"
ENVIRONMENT = BENCHMARKS / ".venv-peers"
UV = BENCHMARKS.parent / ".tools" / "bin" / "uv"


def peers_python() -> Path:
    """The interpreter that has what `requirements.txt` beside this file pins."""
    python = ENVIRONMENT / "bin" / "python"
    stamp = ENVIRONMENT / f".ready-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]}"
    if not stamp.exists():
        print("Installing the peers into benchmarks/.venv-peers")
        _uv("venv", "--clear", "--python", sys.executable, str(ENVIRONMENT))
        _uv("pip", "install", "--python", str(python), "--no-deps", "--compile-bytecode", "-r", str(REQUIREMENTS))
        stamp.touch()
    return python


def _uv(*arguments: str) -> None:
    uv = UV if UV.exists() else shutil.which("uv")
    if uv is None:
        sys.exit("uv is missing: `make bench` installs it.")
    subprocess.run([str(uv), *arguments, "--quiet"], check=True)
