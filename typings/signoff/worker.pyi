from app.worker import *
