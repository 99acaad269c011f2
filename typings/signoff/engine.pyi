from app.engine import *
