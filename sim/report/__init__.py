"""Results for people: the report on the terminal, advice, the JSON document, the folder of a run."""
