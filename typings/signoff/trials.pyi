from app.trials import *
