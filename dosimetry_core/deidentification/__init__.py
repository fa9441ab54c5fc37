"""A course without its patient: images, VOIs and case file for research, intervals kept, nothing else."""
