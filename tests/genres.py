"""The genres of the library and of the scenarios."""

GENRES = {
    "comedy and everyday",
    "dark fantasy and horror",
    "fairy tale and myth",
    "heist and spy",
    "high fantasy",
    "historical",
    "mystery and noir",
    "post-apocalypse",
    "sea and pirates",
    "space",
    "survival and exploration",
    "western",
}
