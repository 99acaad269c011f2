from app.plans import *
