from app.intervening import *
