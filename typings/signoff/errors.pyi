from app.errors import *
