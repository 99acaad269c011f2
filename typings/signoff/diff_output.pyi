from app.diff_output import *
