from app.retrying import *
