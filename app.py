"""The web app: `python app.py [--host 127.0.0.1] [--port N]`."""

from interviewer.ui.serve import leave, main

if __name__ == "__main__":
    leave(main())
