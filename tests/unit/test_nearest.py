from brain.nearest import did_you_mean, nearest


def test_a_misspelt_name_finds_the_right_one_first():
    assert nearest("table.agregate", ["table.read", "table.aggregate", "http.get"])[0] == "table.aggregate"


def test_case_does_not_matter_and_the_candidate_keeps_its_own():
    assert nearest("wind", ["Wind", "Weather"]) == ["Wind"]


def test_a_file_is_found_by_its_name_without_the_folder():
    assert nearest("seattle.csv", ["notebooks/data/seattle-weather.csv", "a/b.txt"]) == [
        "notebooks/data/seattle-weather.csv"
    ]


def test_the_guesses_read_as_a_question():
    assert did_you_mean("precip", ["precipitation", "wind"]) == " Did you mean precipitation?"
    assert (
        did_you_mean("temp", ["temp", "temp_max", "temp_minimum", "x"])
        == " Did you mean temp, temp_max or temp_minimum?"
    )


def test_nothing_is_guessed_where_nothing_comes_near():
    assert did_you_mean("zzz", ["table.read", "http.get"]) == ""
    assert did_you_mean("anything", []) == ""
