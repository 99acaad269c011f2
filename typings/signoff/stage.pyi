from app.stage import *
