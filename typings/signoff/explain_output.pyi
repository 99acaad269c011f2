from app.explain_output import *
