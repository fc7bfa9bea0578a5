"""COCO's evaluation of detections, which are kept so that images can be compared."""
