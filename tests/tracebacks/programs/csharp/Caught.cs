// An error that the program prints and goes on from.
using System;

namespace Shop
{
    class PriceException : Exception
    {
        public PriceException(string message) : base(message) { }
    }

    static class Program
    {
        static void Check(int price)
        {
            if (price < 0)
                throw new PriceException("below nothing: " + price);
        }

        static void Main()
        {
            try
            {
                Check(-1);
            }
            catch (PriceException e)
            {
                Console.WriteLine("2024-05-06 07:08:09 ERROR Shop: " + e);
            }
            Console.WriteLine("done");
        }
    }
}
