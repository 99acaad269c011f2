from app.options import *
