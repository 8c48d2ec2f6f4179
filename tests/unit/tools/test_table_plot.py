import datetime as dt
import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from brain.artifacts import File
from brain.errors import ToolError
from brain.tools.table import aggregate
from brain.tools.table_plot import plot


def pixels(file: File) -> np.ndarray:
    assert file.media_type == "image/png"
    return np.asarray(Image.open(io.BytesIO(file.content)).convert("RGB"))


def has_colour(file: File, colour: tuple[int, int, int]) -> bool:
    return bool((np.abs(pixels(file).astype(int) - colour).max(axis=2) < 8).sum() > 50)


BLUE, ORANGE = (42, 111, 187), (224, 123, 57)


@pytest.fixture
def monthly(weather):
    return aggregate(weather, "precipitation", "mean", {"column": "date", "part": "month"})


@pytest.mark.parametrize("kind", ["line", "bar", "barh", "scatter", "histogram"])
def test_each_kind_is_drawn_on_white(monthly, kind):
    chart = plot(monthly, kind, title="Rain in Seattle")
    assert chart.name == "rain-in-seattle.png"
    picture = pixels(chart)
    assert picture.shape == (648, 1152, 3)
    assert tuple(picture[2, 2]) == (255, 255, 255)
    assert (picture < 250).any()


def test_without_x_and_y_the_first_column_goes_along_the_axis(monthly):
    chart = plot(monthly, "bar")
    assert chart.name == "mean-precipitation-by-month.png"
    assert chart.content == plot(monthly, "bar", x="month", y="mean_precipitation").content
    assert has_colour(chart, BLUE)


def test_several_columns_get_a_colour_each(weather):
    chart = plot(weather, "line", x="date", y=["temp_max", "temp_min"])
    assert chart.name == "temp-max-and-temp-min-by-date.png"
    assert has_colour(chart, BLUE)
    assert has_colour(chart, ORANGE)


def test_a_histogram_takes_the_first_column_with_numbers(weather):
    assert plot(weather, "histogram").name == "distribution-of-precipitation.png"
    assert plot(weather, "histogram", x="wind").name == "distribution-of-wind.png"


def test_a_table_of_one_column_is_drawn_by_row():
    assert plot(pa.table({"n": [1, 2, 3]}), "line").name == "n-by-row.png"


def test_odd_values_and_names_are_drawn(recwarn):
    table = pa.table(
        {
            "cost in $ of $x^": ["a $ and $", None, "a very long name of a thing " * 4],
            "n": [1.5, None, float("nan")],
            "žluť ≤ 5": [1, 2, 3],
        }
    )
    for kind in ("line", "bar", "barh", "scatter"):
        assert plot(table, kind, title="$ and _ and ^ {").content.startswith(b"\x89PNG")
    times = pa.table({"t": [dt.datetime(2020, 1, day, tzinfo=dt.UTC) for day in (1, 2)], "n": [1, 2]})
    assert plot(times, "line").content.startswith(b"\x89PNG")
    assert [str(warning.message) for warning in recwarn.list] == []


def test_the_same_table_gives_the_same_picture(monthly):
    assert plot(monthly, "line").content == plot(monthly, "line").content


def test_charts_are_drawn_on_many_threads_at_once(monthly):
    alone = plot(monthly, "bar").content
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda _: plot(monthly, "bar").content, range(8)))
    assert set(together) == {alone}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"kind": "pie"}, r"'pie' is no kind of chart; take one of line, bar, barh, scatter, histogram"),
        (
            {"kind": "line", "y": "weather"},
            "weather holds text, which cannot be drawn as numbers: columns with numbers are",
        ),
        ({"kind": "line", "x": "day"}, r"no column 'day'"),
        ({"kind": "bar"}, r"The table has 1,461 rows, too many for bars \(at most 500\); aggregate it first"),
    ],
)
def test_what_cannot_be_drawn_is_refused(weather, arguments, complaint):
    with pytest.raises(ToolError, match=complaint):
        plot(weather, **arguments)


def test_an_empty_table_and_one_without_numbers_are_refused():
    with pytest.raises(ToolError, match="The table has no rows, so there is nothing to draw"):
        plot(pa.table({"a": pa.array([], pa.int64())}), "line")
    for kind in ("line", "histogram"):
        with pytest.raises(ToolError, match="no column holds numbers"):
            plot(pa.table({"a": ["x"]}), kind)
    with pytest.raises(ToolError, match="n holds no numbers, only missing values"):
        plot(pa.table({"n": pa.array([None], pa.float64())}), "histogram")
    with pytest.raises(ToolError, match=r"11 columns are too many for one chart"):
        plot(pa.table({f"c{number}": [1] for number in range(12)}), "line")
