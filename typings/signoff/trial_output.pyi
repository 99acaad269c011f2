from app.trial_output import *
