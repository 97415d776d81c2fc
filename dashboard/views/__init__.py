"""One file per page. Not called pages: Streamlit would take such a folder for pages of its own and run its files."""
