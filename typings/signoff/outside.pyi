from app.outside import *
