from app.news import *
