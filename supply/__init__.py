"""What looks after dependencies: their locks, licences and advisories. No part of the package."""
