from app.editing import *
