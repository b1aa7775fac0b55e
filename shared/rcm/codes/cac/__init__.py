"""Computer-assisted coding: suggestions from a note, each for a person to accept or reject.

dictionary   terms of the code set found in the note
association  words -> codes, learned from coded notes; counts only, never text
ranking      what is known of a candidate -> its probability
model_file   the learned part as one small file
suggester    all of it on one note
training     coded notes -> model file, and how good it is
feedback     what coders accepted and rejected, as counts
"""
