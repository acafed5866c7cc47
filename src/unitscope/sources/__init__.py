"""Where pictures come from, and which region of a picture the network sees."""
