def per_person(amount, people)
  amount / people
end

def split(amount)
  per_person(amount, 0)
rescue ZeroDivisionError
  raise ArgumentError, "nobody to pay"
end

RSpec.describe "Shop" do
  it "adds prices" do
    expect(2 + 2).to eq(3)
  end

  it "divides by nobody" do
    per_person(10, 0)
  end

  it "explains" do
    split(10)
  end

  it "is fine" do
    expect(1).to eq(1)
  end
end
