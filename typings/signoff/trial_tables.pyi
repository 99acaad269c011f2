from app.trial_tables import *
