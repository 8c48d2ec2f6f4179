"""The programs that others write for many runs of one notebook; the first argument says with what, the second how many.

Each writes its notebooks beside the one it runs, as ours does.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

NOTEBOOK = "small.ipynb"


def made(name: str, number: int) -> str:
    Path("made").mkdir(exist_ok=True)
    return f"made/{name}-{number}.ipynb"


def with_papermill(number: int) -> None:
    import papermill

    papermill.execute_notebook(NOTEBOOK, made("papermill", number), {"month": number}, progress_bar=False)


def with_ploomber(number: int) -> None:
    from ploomber_engine import execute_notebook

    execute_notebook(
        NOTEBOOK, made("ploomber", number), parameters={"month": number}, progress_bar=False, log_output=False
    )


def with_nbclient(number: int) -> None:
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    notebook.cells.insert(1, nbformat.v4.new_code_cell(f"month = {number}"))
    NotebookClient(notebook, kernel_name="python3").execute()
    nbformat.write(notebook, made("nbclient", number))


def main(peer: str, count: int) -> None:
    numbers = range(1, count + 1)
    if peer == "papermill in 2 processes":
        with ProcessPoolExecutor(2) as processes:
            list(processes.map(with_papermill, numbers))
        return
    run = {"papermill": with_papermill, "ploomber-engine": with_ploomber, "nbclient": with_nbclient}[peer]
    for number in numbers:
        run(number)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
