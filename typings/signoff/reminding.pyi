from app.reminding import *
