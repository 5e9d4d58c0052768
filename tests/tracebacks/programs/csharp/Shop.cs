// An error that two others are wrapped around.
using System;
using System.Threading.Tasks;

namespace Shop
{
    static class Program
    {
        static int PerPerson(int amount, int people)
        {
            return amount / people;
        }

        static int Load(int people)
        {
            try
            {
                return Task.Run(() => PerPerson(10, people)).Result;
            }
            catch (Exception e)
            {
                throw new InvalidOperationException("can't load the cart", e);
            }
        }

        static void Main(string[] args)
        {
            Load(0);
        }
    }
}
