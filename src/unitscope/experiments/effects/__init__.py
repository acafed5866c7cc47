"""What the units of a generator do: concepts that go without them, and appear where they are forced on."""
