from app.steps import *
