"""``python -m unitscope``: the command line, where its script is not on the path."""

from unitscope.cli import main

if __name__ == "__main__":
    main()
