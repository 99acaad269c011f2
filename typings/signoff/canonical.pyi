from app.canonical import *
