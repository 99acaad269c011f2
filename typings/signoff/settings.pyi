from app.settings import *
