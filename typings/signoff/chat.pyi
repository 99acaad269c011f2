from app.chat import *
