from app.output import *
