RSpec.describe NoSuchShop do
  it("exists") { expect(true).to be(true) }
end
