"""The web app: `python app.py [--host 127.0.0.1] [--port N]`."""

import sys

from interviewer.ui.serve import main

if __name__ == "__main__":
    sys.exit(main())
