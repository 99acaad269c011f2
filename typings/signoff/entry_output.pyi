from app.entry_output import *
