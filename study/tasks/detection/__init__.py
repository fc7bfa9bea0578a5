"""Detection: torchvision's detectors on any timm backbone, trained on images in COCO's form."""
