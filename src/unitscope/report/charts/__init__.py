"""One definition for each kind of chart: a data frame becomes an Altair chart, for pages and for files."""
