"""The video of a recording: pictures out of it, and a form that a browser can play."""
