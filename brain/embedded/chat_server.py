"""The program behind `chat`: llama.cpp serves the model file until it is told to stop."""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import xllamacpp

from brain.embedded.chat import Chat, ChatRecord

CONTEXT_OF_THE_MODEL = 0
"""llama.cpp's word for as many tokens as the model was trained with; SmolLM2: 8192."""
PROMPT_CACHE_MIB = 256
"""Memory for prompts seen before; llama.cpp's own default is 8 GiB."""
CORES_FOR_OTHERS = 1
"""Its threads wait for each other at every layer, so that one which shares its core slows down all of them: on two busy
cores two threads gave 1 token a second, one gave 20."""
WARNINGS = 2
"""llama.cpp's level of verbosity; above it every request writes to the log."""


def main(state_folder: Path) -> None:
    """Serve on a free port of loopback, tell the record which one, and wait for SIGTERM."""
    path = Chat(state_folder).record_file
    record = ChatRecord.read(path)
    if record is None:
        sys.exit(f"{path} is missing")
    server = xllamacpp.Server(_parameters(record))
    replace(record, address=server.listening_address).write(path)
    signal.pause()


def _parameters(record: ChatRecord) -> xllamacpp.CommonParams:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = record.model_file
    parameters.model_alias = {Path(record.model_file).name.partition(".")[0]}
    parameters.api_keys = [record.api_key]
    parameters.hostnames = ["127.0.0.1"]
    parameters.n_ctx = CONTEXT_OF_THE_MODEL
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = max(1, (os.process_cpu_count() or 1) - CORES_FOR_OTHERS)
    parameters.cache_ram_mib = PROMPT_CACHE_MIB
    parameters.verbosity = WARNINGS
    parameters.endpoint_slots = False
    parameters.ui = False
    parameters.sampling.temp = 0.0
    parameters.sampling.seed = 1
    return parameters


if __name__ == "__main__":
    main(Path(sys.argv[1]))
